"""The command line: one module a verb, and `main`, which dispatches to them and turns errors into exit statuses."""
