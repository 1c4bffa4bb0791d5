"""The coach app in FastAPI: run `uvicorn coach_fastapi.app:app` in the examples folder."""
