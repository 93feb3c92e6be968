"""Exactness and cost of single layers."""
