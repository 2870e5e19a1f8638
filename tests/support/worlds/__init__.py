"""A whole deployment in one process, in the hands of a test: tenant, Graph, storage, queues and time; step by step, and back again."""
