"""What a dataset's folder holds, on one screen."""
