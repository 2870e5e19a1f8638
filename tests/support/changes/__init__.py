"""Random changes to an emulated tenant, one function each: what is drawn, and what it is called for people."""
