-- Who had somebody written to again that had left, and by which word of theirs.
ALTER TABLE consent ADD by_whom text, ADD basis text;
