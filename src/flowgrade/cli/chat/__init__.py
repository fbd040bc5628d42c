"""The command ``flowgrade chat``: a conversation in the terminal."""
