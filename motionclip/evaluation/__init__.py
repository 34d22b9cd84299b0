"""Evaluation: the protocol, the evaluator, metrics, tables and pages."""
