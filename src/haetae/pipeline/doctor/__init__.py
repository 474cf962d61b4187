"""`haetae doctor`: what could keep Haetae from working here, with the fix for each. Looks, and changes nothing."""
