"""Foreign text: what servers, proxies and providers say, checked against every credential before it is shown."""
