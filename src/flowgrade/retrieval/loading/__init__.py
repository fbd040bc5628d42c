"""Files of many formats, folders, repositories and sites as documents."""
