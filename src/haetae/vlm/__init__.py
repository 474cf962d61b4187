"""Looking at events: from measured facts and pictures to a verdict and a description. See docs/design/looking.md."""
