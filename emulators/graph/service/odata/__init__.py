"""OData as Graph speaks it: query options, the filter language, and its translation to SQL."""
