"""Where numbers, pictures and configs of a run go."""
