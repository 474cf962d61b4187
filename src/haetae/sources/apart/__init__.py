"""Sources that are read and decoded in a process of their own.

One interpreter serves a few dozen cameras: every packet and every short call into a native library has to get it back, and where a hundred
threads want it they mostly wake each other for nothing. So the cameras of a large site are read by other processes, and what comes to the
site's own are coded packets and the pictures that are wanted. A decoder that a hostile stream crashes takes its process along and not the
site: the cameras of that process connect again.
"""
