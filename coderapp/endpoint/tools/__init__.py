"""Tools for people who make user interfaces. Each module gives a schema and a function; `coderapp.endpoint.toolbox`
lists and runs them.
"""
