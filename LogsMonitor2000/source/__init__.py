"""Where bytes come from: files, pipes, followed files. Everything here yields whole lines and knows nothing of what they say."""
