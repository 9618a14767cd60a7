"""`python -m api.cli` is `homeroom`, for where the script is not on the path."""

from api.cli import main

main(prog_name="homeroom")
