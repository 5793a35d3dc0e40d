from h import *

p = login("S002")
txt(p, 5000)
links(p, "body")
shot(p, "home")
p.goto(B + "/help")
txt(p, 9000)
links(p)
