"""What the operating system is asked: processes, interpreters, sandbox, files, trust."""
