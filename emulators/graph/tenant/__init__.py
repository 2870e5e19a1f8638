"""The state of an emulated tenant: store, verbs, generator, truth."""
