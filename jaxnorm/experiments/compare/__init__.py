"""The main job: norms at batch sizes."""
