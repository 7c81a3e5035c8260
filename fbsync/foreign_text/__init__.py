"""Foreign text from servers, proxies and providers, searched for every credential before it is shown."""
