"""The coach app in FastAPI: `uvicorn coach_fastapi.app:app` from the examples folder."""
