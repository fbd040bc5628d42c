"""What each group of ``flowgrade pf`` takes, one file for each; nothing heavy is imported here."""
