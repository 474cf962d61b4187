"""Questions about the site, answered from its records: by a model with read-only tools, or by parsed questions where there is none."""
