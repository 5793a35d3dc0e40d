"""Groups, threads, meetings, lessons and recognition."""
