"""A walk through a Homeroom on a terminal: what is shown, what is asked, where one has been."""
