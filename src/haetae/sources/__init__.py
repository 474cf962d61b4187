"""Where packets and frames come from. `base.py` holds the contract, one file stands for each kind of source."""
