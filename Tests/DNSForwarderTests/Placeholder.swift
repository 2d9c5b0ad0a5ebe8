import DNSTesting
