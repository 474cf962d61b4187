"""Fitting and measuring models on footage."""
