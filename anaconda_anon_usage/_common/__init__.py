"""What every other folder needs: files, the error boundary, debug output."""
