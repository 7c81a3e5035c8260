"""Search foreign text from servers, proxies and providers for every credential before fbsync shows it."""
