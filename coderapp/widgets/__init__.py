"""What is seen. Widgets take a model or a value and emit signals."""
