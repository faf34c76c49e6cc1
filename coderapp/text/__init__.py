"""What a message is made of: Markdown blocks and highlighted code."""
