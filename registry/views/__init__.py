from registry.views import families, mitigations, public, releases, risks

__all__ = ["families", "mitigations", "public", "releases", "risks"]
