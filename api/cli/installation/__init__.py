"""What operators' commands share: the installation that the settings name."""
