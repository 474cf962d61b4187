"""Video anomaly detection: `base.py` holds the contract, one file stands for each model; `calibrate.py` and `gate.py` serve all."""
