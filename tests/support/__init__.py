"""What the test files share: servers, clients, checks."""
