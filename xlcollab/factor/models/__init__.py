"""Trained models: prediction, recommendation, files and sheets."""
