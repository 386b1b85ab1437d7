"""The commands as tools of the Model Context Protocol, for assistants.

Each call of a tool is one command in a process of its own: same words, same schemas, same exit.
Must not know how a command works; what a caller may read and change is decided here.
"""
