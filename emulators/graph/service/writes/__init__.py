"""Changes through Graph: each request becomes verbs of the tenant, each refusal the documented error."""
