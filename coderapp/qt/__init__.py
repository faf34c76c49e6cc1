"""Qt without widgets: sessions, item models, workers, theme."""
