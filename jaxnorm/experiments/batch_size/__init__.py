"""Batch sizes, ghost batches and sorted batches."""
