"""Files of a portal's data: made, restored, sent every week."""
