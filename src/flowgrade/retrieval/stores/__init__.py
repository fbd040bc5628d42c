"""Where the chunks of an index are kept and searched; one file each."""
