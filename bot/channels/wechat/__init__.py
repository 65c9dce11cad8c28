"""A WeChat official account, after the platform's own protocol: `door` lets messages in, `channel` sends."""
