"""The same job in other frameworks, as a good engineer of each would write it."""
