import IPCAsync
