"""Reports over finished logs: pieces of files are mapped to plain data, merged in a fixed tree, and rendered.

Nothing is late here: a report does not depend on the order of lines, nor on the number of processes, machines or pieces.
"""
