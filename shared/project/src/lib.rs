//! Project folders and archives, read into memory and identified by content.
