"""What is done with events: shown to people, written for machines. An action only formats and sends."""
